"""The words that invented customers are made of. No I/O."""

from typing import NamedTuple


class City(NamedTuple):
    """A city with the first digits of its pin codes and its state's number in a GSTIN."""

    name: str
    state: str
    pin: str
    gst: str


class Bank(NamedTuple):
    """A bank and the four letters its IFSC codes begin with."""

    name: str
    ifsc: str


CITIES = (
    City("Mumbai", "Maharashtra", "4000", "27"),
    City("Pune", "Maharashtra", "4110", "27"),
    City("Nagpur", "Maharashtra", "4400", "27"),
    City("Nashik", "Maharashtra", "4220", "27"),
    City("Bengaluru", "Karnataka", "5600", "29"),
    City("Mysuru", "Karnataka", "5700", "29"),
    City("Chennai", "Tamil Nadu", "6000", "33"),
    City("Coimbatore", "Tamil Nadu", "6410", "33"),
    City("Madurai", "Tamil Nadu", "6250", "33"),
    City("New Delhi", "Delhi", "1100", "07"),
    City("Ahmedabad", "Gujarat", "3800", "24"),
    City("Surat", "Gujarat", "3950", "24"),
    City("Rajkot", "Gujarat", "3600", "24"),
    City("Kolkata", "West Bengal", "7000", "19"),
    City("Hyderabad", "Telangana", "5000", "36"),
    City("Visakhapatnam", "Andhra Pradesh", "5300", "37"),
    City("Lucknow", "Uttar Pradesh", "2260", "09"),
    City("Kanpur", "Uttar Pradesh", "2080", "09"),
    City("Noida", "Uttar Pradesh", "2013", "09"),
    City("Jaipur", "Rajasthan", "3020", "08"),
    City("Udaipur", "Rajasthan", "3130", "08"),
    City("Kochi", "Kerala", "6820", "32"),
    City("Thiruvananthapuram", "Kerala", "6950", "32"),
    City("Indore", "Madhya Pradesh", "4520", "23"),
    City("Bhopal", "Madhya Pradesh", "4620", "23"),
    City("Gurugram", "Haryana", "1220", "06"),
    City("Ludhiana", "Punjab", "1410", "03"),
    City("Patna", "Bihar", "8000", "10"),
    City("Bhubaneswar", "Odisha", "7510", "21"),
    City("Guwahati", "Assam", "7810", "18"),
)

BANKS = (
    Bank("HDFC Bank", "HDFC"),
    Bank("ICICI Bank", "ICIC"),
    Bank("State Bank of India", "SBIN"),
    Bank("Axis Bank", "UTIB"),
    Bank("Kotak Mahindra Bank", "KKBK"),
    Bank("Punjab National Bank", "PUNB"),
    Bank("Bank of Baroda", "BARB"),
    Bank("Canara Bank", "CNRB"),
    Bank("Yes Bank", "YESB"),
    Bank("Indian Bank", "IDIB"),
    Bank("Union Bank of India", "UBIN"),
    Bank("Federal Bank", "FDRL"),
)

FIRST_NAMES = (
    *("Aarav", "Aditi", "Ajay", "Amit", "Ananya", "Anil", "Arjun", "Asha", "Deepak", "Divya"),
    *("Farhan", "Gaurav", "Harpreet", "Ishaan", "Jaya", "Kavita", "Kiran", "Lakshmi", "Manish"),
    *("Meera", "Mohammed", "Neha", "Nikhil", "Pooja", "Priya", "Rahul", "Rajesh", "Ravi", "Rohan"),
    *("Sanjay", "Shreya", "Sneha", "Sunita", "Suresh", "Tanvi", "Usha", "Varun", "Vikram", "Zoya"),
)

LAST_NAMES = (
    *("Agarwal", "Banerjee", "Bhatt", "Chatterjee", "Chauhan", "Das", "Desai", "Fernandes"),
    *("Ghosh", "Gupta", "Iyer", "Jain", "Joshi", "Kapoor", "Khan", "Kulkarni", "Kumar", "Mehta"),
    *("Menon", "Mishra", "Mukherjee", "Nair", "Naidu", "Patel", "Patil", "Pillai", "Rao", "Reddy"),
    *("Saxena", "Shah", "Sharma", "Shetty", "Sinha", "Singh", "Trivedi", "Varma", "Yadav"),
)

HOUSES = (
    *("Annapurna", "Ashirwad", "Balaji", "Bharat", "Chandra", "Deccan", "Dhanlaxmi", "Durga"),
    *("Eastern", "Ganesh", "Ganga", "Garuda", "Himalaya", "Indus", "Jagdamba", "Jai Hind"),
    *("Kaveri", "Konark", "Krishna", "Lotus", "Malabar", "Mahalaxmi", "Narmada", "Navbharat"),
    *("Om Shakti", "Padma", "Parvati", "Raj", "Royal", "Sahyadri", "Sai", "Saraswati", "Shivam"),
    *("Shree", "Sindhu", "Surya", "Swastik", "Tirupati", "Vaishno", "Vindhya", "Western"),
)

TRADES = (
    *("Agro Industries", "Auto Components", "Book House", "Cement Works", "Ceramics", "Chemicals"),
    *("Cold Storage", "Cotton Mills", "Dairy", "Distributors", "Electricals", "Electronics"),
    *("Engineering", "Enterprises", "Exports", "Foods", "Garments", "Granites", "Hardware"),
    *("Hospitality", "Infotech", "Jewellers", "Logistics", "Machine Tools", "Paper Mills"),
    *("Pharma", "Plastics", "Polymers", "Roadways", "Rubber", "Solar", "Spices", "Steels"),
    *("Sugars", "Tea Company", "Textiles", "Timber Mart", "Traders", "Tyres"),
)

FORMS = ("Private Limited", "Pvt. Ltd.", "Limited", "LLP", "& Sons", "& Co.", "(India) Pvt Ltd")

# Quotes, a backslash and scripts beyond ASCII: names a careless client would mangle.
AWKWARD_FIRMS = (
    "श्री गणेश ट्रेडर्स",
    "ಕಾವೇರಿ ಎಂಟರ್‌ಪ್ರೈಸಸ್",
    "தமிழ் மில்ஸ்",
    'The "Original" Sweet House',
    "D'Souza & D'Souza",
    "Sharma\\Verma Associates",
    "Café Coromandel LLP",
)

STREETS = (
    *("MG Road", "Station Road", "Nehru Marg", "Gandhi Chowk", "Ring Road", "Market Yard"),
    *("Link Road", "Industrial Area Phase II", "Sector 18", "Lal Bahadur Shastri Marg"),
    *("Old Bazaar", "Park Street", "GIDC Estate", "Tilak Path", "Temple Street", "Airport Road"),
)

WARNINGS = (
    "GSTIN is not verified",
    "Bank account is not verified",
    "E-mail of a key contact bounced",
    "Credit limit is nearly used up",
)

STAGES = ("BEFORE_DUE", "ON_DUE", "AFTER_DUE", "ESCALATION")

DOMAINS = tuple(f"{house.lower().replace(' ', '')}.example.in" for house in HOUSES)
CONTACT_EMAILS = tuple(f"accounts@{domain}" for domain in DOMAINS)
LOGOS = tuple(f"https://{domain}/logo.png" for domain in DOMAINS)
PEOPLE = tuple(f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES)
