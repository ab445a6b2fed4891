"""Small exports as systems write them, made up here, each with the answers it needs and the truth about it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["EXPORTS", "MadeExport", "as_csv", "write_export"]


@dataclass(frozen=True)
class MadeExport:
    """A file by name with its text, the answers it needs beside currency and margin, and what a study must find in it."""

    name: str
    text: str
    layout: str
    answers: dict[str, str] = field(default_factory=dict)
    customers: int = 0
    orders: int | None = None
    revenue: float | None = None
    encoding: str = "utf-8"


def as_csv(header: str, *rows: str, delimiter: str = ",") -> str:
    """Rows written with '|' between their cells, as text that is quoted where it needs to be."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow([cell.strip() for cell in row.split("|")])
    return out.getvalue()


def write_export(folder: Path, export: MadeExport) -> Path:
    """Write one into a folder."""
    path = folder / export.name
    path.write_text(export.text, encoding=export.encoding)
    return path


_SHOPIFY = (
    "Name|Email|Financial Status|Created at|Currency|Subtotal|Shipping|Taxes|Total|Discount Amount|Cancelled at|"
    "Payment Method|Refunded Amount|Lineitem quantity|Lineitem price|Lineitem sku|Id"
)
_PAID = "Express Checkout Payment"
_EAST = "Eastern Time (US & Canada)"
_DAY = "2025-0{}-11 10:00:00 +0100"


def _shopify(*rows: str) -> str:
    return as_csv(_SHOPIFY, *rows)


EXPORTS = (
    MadeExport(
        "shopify.csv",
        _shopify(
            f"#1|ann@example.org|paid|{_DAY.format(1)}|EUR|100|5|20|125|0||Cards|0|1|60|A|1",
            f"#1|ann@example.org||{_DAY.format(1)}|||||||||0|2|20|B|",
            f"#2|bob@example.org|pending|{_DAY.format(2)}|EUR|50|5|10|65|0||Cards|0|1|50|A|2",
            f"#3|bob@example.org|partially_refunded|{_DAY.format(3)}|EUR|40|0|8|48|0||Cards|24|1|40|A|3",
            f"#4|ann@example.org|refunded|{_DAY.format(4)}|EUR|10|0|2|12|0||Cards|12|1|10|A|4",
            f"#5|ann@example.org|paid|{_DAY.format(5)}|EUR|30|0|6|36|0||bogus|0|1|30|A|5",
        ),
        "shopify_orders/1",
        {"refund": "without_tax", "test_orders": "leave_out"},
        2,
        2,
        120.0,
    ),
    MadeExport(
        "shopify_gross.csv",
        _shopify(
            f"#1|ann@example.org|paid|{_DAY.format(1)}|EUR|120|5|20|125|0||Cards|0|1|60|A|1",
            f"#3|bob@example.org|partially_refunded|{_DAY.format(3)}|EUR|48|0|8|48|0||Cards|24|1|40|A|3",
        ),
        "shopify_orders/1",
        {"refund": "without_tax"},
        2,
        2,
        120.0,
    ),
    MadeExport(
        "woo.csv",
        as_csv(
            "Date|Order #|N. Revenue (formatted)|Status|Customer|Customer type|Product(s)|Items sold|Coupon(s)|N. Revenue",
            "2025-03-04 10:00:00|7|€12.00|completed|Ann Example|new|1× Cup|1||12.00",
            "2025-03-05 10:00:00|8|€9.00|failed|Bob Example|new|1× Cup|1||9.00",
            "2025-03-06 10:00:00|9|€20.00|processing|Bob Example|new|1× Cup|1||20.00",
            "2025-03-09 10:00:00|9|-€5.00|refunded|Bob Example|new|1× Cup|0||-5.00",
        ),
        "woocommerce_analytics/1",
        {"names": "accept"},
        2,
        2,
        27.0,
    ),
    MadeExport(
        "payments.csv",
        as_csv(
            "id|Created date (UTC)|Amount|Amount Refunded|Currency|Captured|Converted Amount|Converted Amount Refunded|"
            "Converted Currency|Mode|Status|Customer ID|Description|Fee",
            "ch1|2025-01-02 08:00:00|10.00|0.00|usd|true|9.00|0.00|eur|Live|Paid|cus_a|x|1",
            "ch2|2025-01-03 08:00:00|20.00|20.00|eur|true|20.00|20.00|eur|Live|Refunded|cus_a|x|1",
            "ch3|2025-01-04 08:00:00|30.00|6.00|eur|true|30.00|6.00|eur|Live|Paid|cus_b|x|1",
            "ch4|2025-01-05 08:00:00|99.00|0.00|eur|false||0.00|eur|Live|Failed|cus_b|x|1",
        ),
        "stripe_payments/1",
        {"tax": "none"},
        2,
        2,
        33.0,
    ),
    MadeExport(
        "charges.jsonl",
        "\n".join(
            json.dumps(
                {
                    "id": f"ch_{n}",
                    "object": "charge",
                    "amount": amount,
                    "amount_refunded": back,
                    "currency": "eur",
                    "created": 1_735_700_000 + n * 86_400,
                    "customer": f"cus_{n % 2}",
                    "status": status,
                    "livemode": live,
                    "paid": True,
                }
            )
            for n, (amount, back, status, live) in enumerate(
                [
                    (1250, 0, "succeeded", True),
                    (1000, 400, "succeeded", True),
                    (700, 0, "failed", True),
                    (9, 0, "succeeded", False),
                ]
            )
        ),
        "stripe_charges/1",
        {"tax": "none", "amounts": "cents"},
        2,
        2,
        18.5,
    ),
    MadeExport(
        "subs.csv",
        as_csv(
            "id|Customer ID|Plan|Interval|Amount|Status|Created (UTC)|Start (UTC)|Trial Start (UTC)|Trial End (UTC)|"
            "Canceled At (UTC)|Ended At (UTC)|Currency|Quantity",
            "s1|cus_a|pro|year|120.00|active|2024-01-01 09:00|2024-01-01 09:00|||||eur|1",
            "s2|cus_b|pro|month|12.00|canceled|2024-02-01 09:00|2024-02-01 09:00|||2024-05-01 09:00|2024-06-01 09:00|eur|1",
            "s3|cus_c|pro|month|12.00|active|2024-02-01 09:00|2024-02-01 09:00|||2024-05-01 09:00||eur|1",
            "s4|cus_d|pro|month|12.00|incomplete_expired|2024-02-01 09:00|2024-02-01 09:00||||2024-02-02 09:00|eur|1",
        ),
        "stripe_subscriptions/1",
        {},
        3,
    ),
    MadeExport(
        "invoices.csv",
        as_csv(
            "id|invoice_number|billed_date|due_on|status|account_code|currency|invoice_total|invoice_subtotal|tax_amount|"
            "credit_to_account|invoice_type|original_invoice_number|invoice_balance|invoice_discount",
            "a|1|2025-01-05 17:00:00 PST|x|paid|acct-1|USD|12|10|2|0|renewal||0|0",
            "b|2|2025-07-06 17:00:00 PDT|x|paid|acct-2|USD|24|20|4|0|renewal||0|0",
            "c|3|2025-07-07 17:00:00 PDT|x|closed|acct-2|USD|-24|-20|-4|0|refund|2|0|0",
            "d|4|2025-07-08 17:00:00 PDT|x|failed|acct-2|USD|24|20|4|0|renewal||0|0",
        ),
        "recurly_invoices/1",
        {},
        1,
        1,
        10.0,
    ),
    MadeExport(
        "paypal.csv",
        as_csv(
            "Date|Time|TimeZone|Name|Type|Status|Currency|Gross|Fee|Net|From Email Address|To Email Address|Transaction ID|"
            "Item Title|Reference Txn ID|Balance",
            f"23/08/2025|03:31|CET|A|{_PAID}|Completed|EUR|1.206,40|-0,51|1.205,89|a@example.org|me@example.org|T1|x||0,00",
            f"22/08/2025|03:31|CET|B|{_PAID}|Completed|EUR|30,00|-0,51|29,49|b@example.org|me@example.org|T2|x||0,00",
            "24/08/2025|03:31|CET|B|Payment Refund|Completed|EUR|-30,00|0,00|-30,00|me@example.org|b@example.org|T3||T2|0",
            "25/08/2025|03:31|CET||General Withdrawal|Completed|EUR|-900,00|0,00|-900,00|me@example.org||T4|||0,00",
            f"26/08/2025|03:31|CET|A|{_PAID}|Pending|EUR|7,00|0,00|7,00|a@example.org|me@example.org|T5|x||0,00",
        ),
        "paypal_activity/1",
        {"fee": "gross", "tax": "none"},
        1,
        1,
        1206.4,
    ),
    MadeExport(
        "square.csv",
        as_csv(
            "Date|Time|Time Zone|Gross Sales|Discounts|Net Sales|Tax|Tip|Total Collected|Fees|Net Total|Transaction ID|"
            "Payment ID|Event Type|Location|Customer ID|Customer Name",
            f"3/22/25|03:26|{_EAST}|$1,240.00|$0.00|$1,240.00|$9.76|$2.00|$1,251.76|$1|$1|X1|P1|Payment|S|C1|A",
            f"3/23/25|03:26|{_EAST}|$20.00|$0.00|$20.00|$9.76|$2.00|$31.76|$1|$1|X2|P2|Payment|S|C2|B",
            f"3/24/25|03:26|{_EAST}|-$20.00|$0.00|-$20.00|-$9.76|$0.00|-$29.76|$1|$1|X3|P2|Refund|S|C2|B",
            f"3/25/25|03:26|{_EAST}|$5.00|$0.00|$5.00|$1.00|$0.00|$6.00|$1|$1|X4|P4|Payment|S||",
        ),
        "square_transactions/1",
        {"currency": "USD", "rows_without_customer": "count"},
        1,
        1,
        1240.0,
    ),
    MadeExport(
        "bigcommerce.csv",
        as_csv(
            "Order ID|Customer ID|Customer Email|Order Date|Order Status|Order Total (inc tax)|Order Total (ex tax)|"
            "Shipping Cost (ex tax)|Refund Amount|Order Currency Code|Tax Total|Payment Method",
            "1|0|a@example.org|03/19/2025|Completed|66|55|5|0|USD|11|Card",
            "2|0|b@example.org|04/02/2025|Shipped|66|55|5|20|USD|11|Card",
            "3|4|b@example.org|04/03/2025|Declined|66|55|5|0|USD|11|Card",
        ),
        "bigcommerce_orders/1",
        {},
        2,
        2,
        80.0,
    ),
    MadeExport(
        "magento.csv",
        as_csv(
            "ID|Purchase Point|Purchase Date|Bill-to Name|Grand Total (Base)|Grand Total (Purchased)|Status|Customer Email|"
            "Subtotal|Shipping and Handling|Customer Group|Payment Method|Total Refunded",
            "01|Main|Apr 12, 2025 12:52:06 PM|A|65.0000|65.0000|complete|a@example.org|70|5.0000|General|check|",
            "02|Main|Apr 13, 2025 12:52:06 PM|B|24.0000|24.0000|canceled|b@example.org|20|0.0000|General|check|",
            "03|Main|Apr 14, 2025 12:52:06 PM|B|24.0000|24.0000|closed|b@example.org|20|0.0000|General|check|24.0000",
        ),
        "magento_orders/1",
        {"tax": "20%", "currency": "EUR"},
        1,
        1,
        50.0,
    ),
    MadeExport(
        "events.jsonl",
        "\n".join(
            json.dumps(
                {
                    "event_date": day,
                    "event_timestamp": f"17{n}0000000000000",
                    "event_name": event,
                    "user_pseudo_id": f"{n}.1",
                    "user_id": user,
                    "ecommerce": {
                        "transaction_id": order,
                        "purchase_revenue": money,
                        "tax_value": 1.0,
                        "shipping_value": 2.0,
                    },
                    "items": [],
                }
            )
            for n, (day, event, user, order, money) in enumerate(
                [
                    ("20250301", "purchase", "U1", "T1", 12.5),
                    ("20250301", "purchase", "U1", "T1", 12.5),
                    ("20250301", "add_to_cart", "U1", None, None),
                    ("20250302", "purchase", None, "T2", 8.0),
                    ("20250313", "purchase", "U2", "T3", 7.5),
                ]
            )
        ),
        "ga4_events/1",
        {"tax": "on_top", "rows_without_customer": "count", "currency": "EUR"},
        2,
        2,
        20.0,
    ),
    MadeExport(
        "deals.csv",
        as_csv(
            "Record ID|Deal Name|Deal Stage|Close Date|Deal owner|Amount|Pipeline|Create Date|Associated Company IDs",
            "1|A|Closed Won|2025-04-13 04:02|X|1000|P|2025-03-04 04:02|71",
            "2|B|Contract Sent|2025-04-14 04:02|X|5000|P|2025-03-04 04:02|72",
            "3|C|Closed Won|2025-05-15 04:02|X|200|P|2025-03-04 04:02|72",
        ),
        "hubspot_deals/1",
        {"signed": "accept", "currency": "USD"},
        2,
        2,
        1200.0,
    ),
    MadeExport(
        "report.csv",
        as_csv(
            "Account Name|Account ID|Opportunity Name|Stage|Amount Currency|Amount|Close Date|Created Date|Type",
            "Éclair|001A|One|Closed Won|EUR|1000.00|24/03/2025|24/01/2025|New",
            "Two|001a|Two|Closed Lost|EUR|5000.00|25/03/2025|24/01/2025|New",
            "Two|001a|Three|Closed Won|EUR|200.00|26/03/2025|24/01/2025|New",
        )
        + '"Grand Totals (3 records)"\n"Copyright (c) somebody"\n',
        "salesforce_opportunities/1",
        {},
        2,
        2,
        1200.0,
        "cp1252",
    ),
    MadeExport(
        "umsatz.csv",
        as_csv(
            "Auftrag|Kundennr.|Datum|Umsatz brutto|Umsatz netto|Kunde",
            "1|000007|01.03.2025|27,00 €|22,50 €|Müller",
            "2|000008|15.03.2025|1.200,00 €|1.000,00 €|Größe",
            "3|000007|16.03.2025|12,00 €|10,00 €|Müller",
            delimiter=";",
        ),
        "",
        {},
        2,
        3,
        1032.5,
        "cp1252",
    ),
)
