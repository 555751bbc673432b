"""The tables. Amounts are texts of exact Decimals, instants aware UTC, documents JSON with exact numbers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.money import decode_json, encode_json


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(sa.types.TypeDecorator[Decimal]):
    """A Decimal in major units, kept as text: SQLite's own numbers are floats."""

    impl = sa.String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Document(sa.types.TypeDecorator[Any]):
    """A JSON document whose numbers stay exact. None is stored as NULL."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else encode_json(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else decode_json(value)


class Words(sa.types.TypeDecorator[str]):
    """A text for people, from anywhere: cut to its column, without what a database cannot hold."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, length: int = 4000) -> None:
        super().__init__()
        self.length = length

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\x00", "").encode("utf-8", "replace").decode()[: self.length]


class Base(DeclarativeBase):
    type_annotation_map = {datetime: Instant, Decimal: Amount, dict[str, Any]: Document}  # noqa: RUF012


def _connection_key(**kwargs: Any) -> Any:
    return mapped_column(sa.ForeignKey("connections.id", ondelete="CASCADE"), **kwargs)


class Connection(Base):
    """One Invoiced account paired with one QBO company (`realm_id`).

    `state` is one of the words in `shared.db.connections`. Columns that end in `_encrypted` hold Fernet tokens; an
    encrypted empty text stands for a secret that nobody has given yet. `preferences` is what QBO's Preferences and
    CompanyInfo said last; `settings` what the admin chose. The last webhooks are kept to within some seconds.
    """

    __tablename__ = "connections"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.String(20), default="connected")
    realm_id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    time_zone: Mapped[str] = mapped_column(sa.String(64))
    start_date: Mapped[date | None]
    invoiced_api_key_encrypted: Mapped[str] = mapped_column(sa.Text)
    invoiced_webhook_secret_encrypted: Mapped[str] = mapped_column(sa.Text)
    refresh_token_encrypted: Mapped[str] = mapped_column(sa.Text)
    refresh_token_expires_at: Mapped[datetime | None]
    access_token_encrypted: Mapped[str | None] = mapped_column(sa.Text)
    access_token_expires_at: Mapped[datetime | None]
    token_lease_owner: Mapped[str | None] = mapped_column(sa.String(80))
    token_lease_until: Mapped[datetime | None]
    preferences: Mapped[dict[str, Any]]
    preferences_read_at: Mapped[datetime | None]
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    # Until somebody has pressed Synchronize, nothing is posted.
    started_at: Mapped[datetime | None]
    refresh_token_hard_expires_at: Mapped[datetime | None]
    invoiced_webhook_at: Mapped[datetime | None]
    quickbooks_webhook_at: Mapped[datetime | None]
    last_write_at: Mapped[datetime | None]


class Record(Base):
    """The work on one record: its lease, whether it is dirty, its last outcome, when to look again."""

    __tablename__ = "records"
    __table_args__ = (
        sa.Index("ix_records_next_look_at", "next_look_at"),
        sa.Index("ix_records_lease_until", "lease_until"),
        sa.Index("ix_records_waiting_for", "connection_id", "waiting_for"),
        sa.Index("ix_records_outcome", "connection_id", "outcome", "outcome_at"),
        sa.Index("ix_records_outcome_at", "connection_id", "outcome_at"),
        sa.Index("ix_records_label", "connection_id", "label"),
        sa.Index("ix_records_cause_group", "connection_id", "cause_group", "ignored_at"),
        # The list, the newest first: a record that nobody has looked at yet stands where it was first heard of. With
        # all that can be searched for in it, a search reads no row but those that it shows.
        sa.Index(
            "ix_records_shown",
            "connection_id",
            sa.text("coalesce(outcome_at, first_seen_at)"),
            "kind",
            "record_id",
            "label",
            "customer_name",
            "amount",
            "dated_on",
            "outcome",
            "cause_group",
            "ignored_at",
        ),
        # The few that are due or in work, of one connection.
        sa.Index(
            "ix_records_due",
            "connection_id",
            "next_look_at",
            sqlite_where=sa.text("next_look_at IS NOT NULL"),
            postgresql_where=sa.text("next_look_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_records_in_work",
            "connection_id",
            "lease_until",
            sqlite_where=sa.text("lease_until IS NOT NULL"),
            postgresql_where=sa.text("lease_until IS NOT NULL"),
        ),
        sa.Index("ix_records_kind", "connection_id", "kind", "outcome"),
        sa.Index("ix_records_currency", "connection_id", "currency"),
        sa.Index("ix_records_customer", "connection_id", "customer_id"),
    )

    connection_id: Mapped[str] = _connection_key(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    record_id: Mapped[str] = mapped_column(sa.String(320), primary_key=True)
    label: Mapped[str | None] = mapped_column(Words(200))

    lease_owner: Mapped[str | None] = mapped_column(sa.String(80))
    lease_until: Mapped[datetime | None]
    dirty: Mapped[bool] = mapped_column(default=False)
    # The look that is due was asked for by a person: what failed before is tried again.
    asked_by_person: Mapped[bool] = mapped_column(default=False)
    looked_at: Mapped[datetime | None]
    next_look_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)

    outcome: Mapped[str | None] = mapped_column(sa.String(24))
    outcome_at: Mapped[datetime | None]
    cause: Mapped[str | None] = mapped_column(Words())
    remedy: Mapped[str | None] = mapped_column(Words())
    code: Mapped[str | None] = mapped_column(Words(60))
    detail: Mapped[str | None] = mapped_column(Words())
    setting: Mapped[str | None] = mapped_column(sa.String(40))
    waiting_for: Mapped[str | None] = mapped_column(sa.String(360))
    versions: Mapped[dict[str, Any] | None]

    last_event_id: Mapped[str | None] = mapped_column(Words(255))
    closed_at: Mapped[datetime | None]
    # Since when an invoice has been waiting for the payments that it asked for.
    asked_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    # What Invoiced said at the last look that ended: for the list of records, and to tell an unchanged record
    # from a changed one in a page of a list.
    source_updated_at: Mapped[datetime | None]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(sa.String(3))
    # Invoiced's id and name of the customer that an invoice or a payment is of.
    customer_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    customer_name: Mapped[str | None] = mapped_column(Words(200))
    # The day of an invoice or a payment, in the time zone that the connection had then.
    dated_on: Mapped[date | None]
    # Failures of one cause have one word for it (`shared.causes`); `ignored_at`: a person has put the record aside
    # for as long as it is `ignored_cause` that it fails for.
    cause_group: Mapped[str | None] = mapped_column(sa.String(60))
    ignored_at: Mapped[datetime | None]
    ignored_by: Mapped[str | None] = mapped_column(Words(200))
    ignored_cause: Mapped[str | None] = mapped_column(sa.String(60))
    # What a person chose for a customer of QuickBooks that stands for nobody yet (`shared.choices`).
    choice: Mapped[str | None] = mapped_column(sa.String(60))


class Link(Base):
    """Which QBO object stands for a record, in which role.

    `variant` tells several of one role apart: the currency of a customer, the QBO customer of a payment.
    `body` is what we last wrote of the fields that we own, `standing` what QBO last answered for them, `source`
    what Invoiced held then (customers), `terms` the settings under which it was first posted. `mismatch` is the
    difference found when QBO's last answer was compared with what was meant.
    """

    __tablename__ = "links"
    __table_args__ = (
        sa.UniqueConstraint("connection_id", "kind", "record_id", "role", "variant", name="uq_links_record"),
        sa.UniqueConstraint("connection_id", "qbo_entity", "qbo_id", name="uq_links_qbo"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = _connection_key()
    kind: Mapped[str] = mapped_column(sa.String(24))
    record_id: Mapped[str] = mapped_column(sa.String(320))
    role: Mapped[str] = mapped_column(sa.String(24))
    variant: Mapped[str] = mapped_column(sa.String(40), default="")
    qbo_entity: Mapped[str] = mapped_column(sa.String(24))
    qbo_id: Mapped[str] = mapped_column(sa.String(40))
    sync_token: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(12), default="live")
    origin: Mapped[str] = mapped_column(sa.String(12), default="invoiced")
    body: Mapped[dict[str, Any] | None]
    standing: Mapped[dict[str, Any]]
    source: Mapped[dict[str, Any] | None]
    terms: Mapped[dict[str, Any] | None]
    mismatch: Mapped[str | None] = mapped_column(Words())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Application(Base):
    """How much of a posted QBO payment (or credit memo application) stands against a posted QBO invoice."""

    __tablename__ = "applications"
    __table_args__ = (sa.Index("ix_applications_invoice", "connection_id", "invoice_qbo_id"),)

    link_id: Mapped[int] = mapped_column(sa.ForeignKey("links.id", ondelete="CASCADE"), primary_key=True)
    invoice_qbo_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    connection_id: Mapped[str] = _connection_key()
    amount: Mapped[Decimal]


class PendingWrite(Base):
    """A write whose answer is not recorded yet: body and request id, stored before the call."""

    __tablename__ = "pending_writes"
    __table_args__ = (
        sa.UniqueConstraint("connection_id", "kind", "record_id", "role", "variant", name="uq_pending_writes_record"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = _connection_key()
    kind: Mapped[str] = mapped_column(sa.String(24))
    record_id: Mapped[str] = mapped_column(sa.String(320))
    role: Mapped[str] = mapped_column(sa.String(24))
    variant: Mapped[str] = mapped_column(sa.String(40), default="")
    write: Mapped[dict[str, Any]]
    request_id: Mapped[str] = mapped_column(sa.String(50))
    # In a batch, `request_id` is the batch's and this names the item; all items are stored together.
    batch_item_id: Mapped[str | None] = mapped_column(sa.String(10))
    sent_at: Mapped[datetime]


class Pace(Base):
    """How far ahead the calls to one vendor's limit are booked (generic cell rate algorithm)."""

    __tablename__ = "paces"

    realm_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    limit_name: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    # Microseconds since the epoch: an integer is added and compared alike on both databases.
    booked_until_us: Mapped[int] = mapped_column(sa.BigInteger)


class BrokerMessage(Base):
    """A message of the embedded broker; one that was delivered is leased until `visible_at_us`."""

    __tablename__ = "broker_messages"
    __table_args__ = (sa.Index("ix_broker_messages_queue", "queue", "visible_at_us", "id"),)

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    queue: Mapped[str] = mapped_column(sa.String(100))
    payload: Mapped[str] = mapped_column(sa.Text)
    visible_at_us: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    lease: Mapped[str | None] = mapped_column(sa.String(40))
    deliveries: Mapped[int] = mapped_column(default=0)


class HistoryEntry(Base):
    """One thing that happened to a record: a look that ended, a call to QuickBooks, or what a person did.

    `what` is `look`, `call` or `person`. `delay_ms` is, for a look that wrote, the time from the webhook to the end
    of the look. Requests and replies are without secrets; `intuit_tid` names the call to Intuit's support.
    """

    __tablename__ = "history"
    __table_args__ = (
        sa.Index("ix_history_record", "connection_id", "kind", "record_id", "id"),
        sa.Index("ix_history_at", "connection_id", "at"),
    )

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    connection_id: Mapped[str] = _connection_key()
    kind: Mapped[str] = mapped_column(sa.String(24))
    record_id: Mapped[str] = mapped_column(sa.String(320))
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(sa.String(12))
    why: Mapped[str | None] = mapped_column(sa.String(12))
    who: Mapped[str | None] = mapped_column(Words(200))
    event_id: Mapped[str | None] = mapped_column(Words(255))
    outcome: Mapped[str | None] = mapped_column(sa.String(24))
    cause: Mapped[str | None] = mapped_column(Words())
    request: Mapped[dict[str, Any] | None]
    reply: Mapped[dict[str, Any] | None]
    intuit_tid: Mapped[str | None] = mapped_column(Words(80))
    delay_ms: Mapped[int | None]


class Cursor(Base):
    """How far one stream of changes has been swept: everything up to `reached_at` has been queued."""

    __tablename__ = "cursors"

    connection_id: Mapped[str] = _connection_key(primary_key=True)
    stream: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    reached_at: Mapped[datetime]


class Sweep(Base):
    """One pass over what may have been missed: asked for, finding, working, then done, cancelled or failed.

    `scope` says over what (`catch-up`, `everything`, `selection`), `why` who wanted it (`person`, `schedule`,
    `gap`). `position` is where a sweep that died goes on. `counts` has the number of records by outcome when it
    ended; while it runs they are counted from its records. A sweep is owned by one process at a time.
    """

    __tablename__ = "sweeps"
    __table_args__ = (
        sa.Index("ix_sweeps_connection", "connection_id", "asked_at"),
        sa.Index("ix_sweeps_state", "state"),
        # Two sweeps of one connection never overlap.
        sa.Index(
            "uq_sweeps_running",
            "connection_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = _connection_key()
    scope: Mapped[str] = mapped_column(sa.String(12))
    why: Mapped[str] = mapped_column(sa.String(12))
    asked_by: Mapped[str | None] = mapped_column(Words(200))
    state: Mapped[str] = mapped_column(sa.String(12))
    asked_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    found_all_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cause: Mapped[str | None] = mapped_column(Words())
    position: Mapped[dict[str, Any] | None]
    counts: Mapped[dict[str, Any] | None]
    lease_owner: Mapped[str | None] = mapped_column(sa.String(80))
    lease_until: Mapped[datetime | None]


class SweepRecord(Base):
    """A record that a sweep found; `outcome` is how its look ended, None until then.

    Those that ended well are taken out when the sweep has ended, their number being kept.
    """

    __tablename__ = "sweep_records"
    __table_args__ = (
        sa.Index("ix_sweep_records_record", "connection_id", "kind", "record_id"),
        sa.Index("ix_sweep_records_outcome", "sweep_id", "outcome"),
        # What a sweep asks for at each of its steps, however much it found: what is to be queued, in that order, and
        # what is queued and not looked at yet. A record is in one of the two at most.
        sa.Index(
            "ix_sweep_records_not_queued",
            "sweep_id",
            "kind",
            sa.text("length(record_id)"),
            "record_id",
            sqlite_where=sa.text("outcome IS NULL AND queued_at IS NULL"),
            postgresql_where=sa.text("outcome IS NULL AND queued_at IS NULL"),
        ),
        sa.Index(
            "ix_sweep_records_outstanding",
            "sweep_id",
            "queued_at",
            sqlite_where=sa.text("outcome IS NULL AND queued_at IS NOT NULL"),
            postgresql_where=sa.text("outcome IS NULL AND queued_at IS NOT NULL"),
        ),
    )

    sweep_id: Mapped[int] = mapped_column(sa.ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    record_id: Mapped[str] = mapped_column(sa.String(320), primary_key=True)
    connection_id: Mapped[str] = _connection_key()
    label: Mapped[str | None] = mapped_column(Words(200))
    queued_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(sa.String(24))
    cause: Mapped[str | None] = mapped_column(Words())
    remedy: Mapped[str | None] = mapped_column(Words())


class MeteredReads(Base):
    """How many reads of a QBO company were made in a month (`2026-11`); Intuit meters them by the month."""

    __tablename__ = "metered_reads"

    realm_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    month: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    reads: Mapped[int]


class KeptAnswer(Base):
    """What was read at the vendors for a connection, kept for a while so that showing it again costs no call; `name`
    says what it answers."""

    __tablename__ = "kept_answers"

    connection_id: Mapped[str] = _connection_key(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class User(Base):
    """Somebody who may log in; `role` is `admin` or `viewer`, `email` is in lower case."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    role: Mapped[str] = mapped_column(sa.String(10))
    password_hash: Mapped[str] = mapped_column(sa.Text)
    # Part of every session: a new one ends all sessions of the user.
    session_salt: Mapped[str] = mapped_column(sa.String(40))
    created_at: Mapped[datetime]
    logged_in_at: Mapped[datetime | None]


class LoginTries(Base):
    """How many log-ins were tried since the first one of a while, by what they are counted under: an e-mail or an
    address. Those that succeeded are taken out again."""

    __tablename__ = "login_tries"

    subject: Mapped[str] = mapped_column(sa.String(300), primary_key=True)
    tries: Mapped[int]
    since: Mapped[datetime]


class AuditEntry(Base):
    """Who changed what of a connection, and when; never a secret. `connection_id` outlives the connection."""

    __tablename__ = "audit"
    __table_args__ = (sa.Index("ix_audit_connection", "connection_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = mapped_column(sa.String(32))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(Words(200))
    what: Mapped[str] = mapped_column(sa.String(60))
    before: Mapped[str | None] = mapped_column(Words())
    after: Mapped[str | None] = mapped_column(Words())
