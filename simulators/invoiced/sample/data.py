"""Names, places and wares of the sample company. Pure data.

Addresses of people end in `.example` and telephone numbers are of the range kept free for fiction.
"""

# Two customers share a name; several have characters that accounting software is picky about.
COMPANIES = (
    "Lakeside Dental",
    "Prairie State Logistics",
    "Harbor & Vine Catering",
    "Old Mill Brewing Co.",
    "Blue Heron Architects",
    "Cedar Ridge Veterinary Clinic",
    "Maple Street Bakery",
    "Great Plains Wind Energy LLC",
    "Summit Outdoor Outfitters",
    "Lakeside Dental",
    "Riverbend Property Management",
    "Red Oak Furniture Works",
    "Studio: Light & Space",
    'Finnegan\'s "Lucky" Pub',
    "Müller & Söhne Maschinenbau",
    "Café Olé Roasters",
    "Silver Birch Day Spa",
    "Cornerstone Masonry Inc.",
    "Hawthorne Elementary School",
    "Northgate Auto Repair",
    "Bright Path Tutoring",
    "Gulf Coast Marine Supply",
    "Desert Bloom Landscaping",
    "Pioneer Valley Orchards",
    "Łódź Textile Imports",
    "Tidewater Seafood Market",
    "Cascade Mountain Rescue Foundation",
    "Lone Star Well Drilling",
    "Évasion Travel Boutique",
    "Twin Cities Print Shop",
    "Kensington Piano Academy",
    "Green Thumb Garden Center",
    "Fox Valley Orthopedic Associates, Section for Sports Medicine, Rehabilitation and Physical Therapy of"
    " the Western Suburbs",
    "さくら America Trading",
    "Sunrise Senior Living",
)
PEOPLE = ("Eleanor Whitfield", "Marcus D'Angelo", "Priya Raman", "Hank Sørensen")
# Bills in euros; the account's own currency is the US dollar.
EUROPEAN = "Atelier Beaumont Paris"

CONTACTS = (
    "Dana Whitlock", "Jorge Alvarez", "Mei Lin Chen", "Patrick O'Connell", "Samantha Reyes", "Tom Lindqvist",
    "Aisha Bello", "Ruth Goldberg", "Victor Petrov", "Nora Jensen", "Leo Marchetti", "Grace Okafor",
)  # fmt: skip
STREETS = (
    "Wacker Drive", "Michigan Avenue", "Main Street", "Elm Street", "Industrial Parkway",
    "Lakeshore Boulevard", "Commerce Way", "Second Avenue", "Orchard Lane", "Market Street",
)  # fmt: skip
PLACES = (
    ("Chicago", "IL", "60601"), ("Naperville", "IL", "60540"), ("Madison", "WI", "53703"),
    ("Milwaukee", "WI", "53202"), ("Des Moines", "IA", "50309"), ("Minneapolis", "MN", "55401"),
    ("Omaha", "NE", "68102"), ("St. Louis", "MO", "63101"), ("Austin", "TX", "78701"),
    ("Denver", "CO", "80202"), ("Portland", "OR", "97204"), ("Tampa", "FL", "33602"),
)  # fmt: skip

# Id, name, price, type, descriptions.
WARES = (
    (
        "consulting",
        "Consulting",
        "185",
        "hours",
        ("Process review", "On-site workshop", "Quarterly planning"),
    ),
    ("web-design", "Web Design", "95.5", "hours", ("Landing page", "Checkout redesign", "Style guide")),
    ("hosting", "Managed Hosting", "249", "month", ("Production cluster", "Staging environment")),
    ("support", "Support Plan", "79.95", "month", ("Business hours, reply within 4 h", "Priority line")),
    ("training", "Staff Training", "650", "days", ("Bookkeeping basics", "Point of sale")),
    ("setup", "Installation & Setup", "420", "service", ("Till and card reader", "Network cabinet")),
    ("audit", "Security Audit", "1875", "service", ("External scan with report", "Access review")),
    ("license", "Software License", "12.75", "product", ("Per seat and month", "Annual, per seat")),
    ("router", "Wireless Router AX-3000", "189.99", "product", ("With wall mount",)),
    ("cable", "Cat 6 Cable", "0.4725", "product", ("Per foot, plenum rated",)),
    ("labels", "Shipping Labels", "0.1333", "product", ("Roll of 500, price per label",)),
    ("travel", "Travel Expenses", "0.67", "expense", ("Miles driven", "Mileage, round trip")),
    ("delivery", "Delivery", "35", "shipping", ("Within the city", "Freight, lift gate")),
)

LONG_NAME = (
    "Preparation, review and filing of the consolidated annual report including all schedules, notes and the"
    " reconciliation of intercompany balances between the parent and its three subsidiaries, as agreed"
)
LONG_DESCRIPTION = (
    "The work order covers removal of the old units, disposal at a licensed site, delivery and placement of"
    " the new units, connection to water and power, a test under load, and instruction of staff. "
) * 25
ODD_NAMES = (
    'Sign: "Open 24/7"',
    "Crème brûlée torch",
    "Bracket 1/2″ by 3″",
    "Gift card ★ 50",
    "R&D: phase <two>",
)
