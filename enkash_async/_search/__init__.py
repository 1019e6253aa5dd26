"""A list of the service read to its end, with several pages in flight.

It knows how to fetch pages ahead, hand out their rows in one of several views, and say how it
went. It is told by a `ListEndpoint` what list that is, and must never know a resource by name.
Begin with `list_resource`, where a search is put together; then follow a page: `page_fetcher`,
`prefetch`, `row_stream`, `cursor`, `views`, `search`.
"""
