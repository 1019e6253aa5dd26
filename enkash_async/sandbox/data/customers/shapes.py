"""The fields of a customer and of the objects inside, in the order they are sent. No I/O."""

import msgspec

COLUMNS = (
    *("accountNumber", "active", "address", "assignedAgent", "bankName", "companyId"),
    *("contactEmail", "contactNumber", "createdBy", "createdByName", "createdOn", "customerId"),
    *("customerLogo", "dsoMedian", "id", "ifsc", "legalName", "modifiedBy", "modifiedByName"),
    *("modifiedOn", "netAmount", "panOrGstin", "parentCompanyId", "parentLegalName", "pinCode"),
    *("state", "uniqueRefNo"),
)
"""The scalar fields of an answer."""

_LISTS = ("branchCodes", "customerKeyContacts", "customerReminders", "warnings")

# Structs are made and encoded faster than dicts.
Customer = msgspec.defstruct("Customer", sorted((*COLUMNS, *_LISTS)), gc=False)
Contact = msgspec.defstruct(
    "Contact",
    (
        *("createdBy", "createdOn", "customerId", "customerName", "deleted", "email"),
        *("keyContactPersonId", "mail_enabled", "mobile", "modifiedBy", "modifiedOn", "name"),
        *("sms_enabled", "whatsapp_enabled"),
    ),
    gc=False,
)
Reminder = msgspec.defstruct(
    "Reminder",
    (
        *("customerId", "customerReminderId", "dueDateDifference", "reminderInterval"),
        *("reminderTime", "reminderType", "stage"),
    ),
    gc=False,
)
