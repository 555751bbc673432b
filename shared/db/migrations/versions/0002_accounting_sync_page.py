"""Sweeps, history, users and the audit trail; what the page needs to know of connections and records."""

import sqlalchemy as sa
from alembic import op

import shared.db.models

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.Column("who", shared.db.models.Words(), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("before", shared.db.models.Words(), nullable=True),
        sa.Column("after", shared.db.models.Words(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_connection", "audit", ["connection_id", "id"], unique=False)
    op.create_table(
        "login_tries",
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", shared.db.models.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "metered_reads",
        sa.Column("realm_id", sa.String(length=40), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("realm_id", "month"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("session_salt", sa.String(length=40), nullable=False),
        sa.Column("created_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.Column("logged_in_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "cursors",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("reached_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "stream"),
    )
    op.create_table(
        "kept_answers",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("answer", shared.db.models.Document(), nullable=False),
        sa.Column("at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "name"),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("record_id", sa.String(length=320), nullable=False),
        sa.Column("at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=True),
        sa.Column("who", shared.db.models.Words(), nullable=True),
        sa.Column("event_id", shared.db.models.Words(), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("cause", shared.db.models.Words(), nullable=True),
        sa.Column("request", shared.db.models.Document(), nullable=True),
        sa.Column("reply", shared.db.models.Document(), nullable=True),
        sa.Column("intuit_tid", shared.db.models.Words(), nullable=True),
        sa.Column("delay_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_history_at", "history", ["connection_id", "at"], unique=False)
    op.create_index("ix_history_record", "history", ["connection_id", "kind", "record_id", "id"], unique=False)
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("asked_by", shared.db.models.Words(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("asked_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.Column("began_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("found_all_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("ended_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("cause", shared.db.models.Words(), nullable=True),
        sa.Column("position", shared.db.models.Document(), nullable=True),
        sa.Column("counts", shared.db.models.Document(), nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", shared.db.models.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sweeps_connection", "sweeps", ["connection_id", "asked_at"], unique=False)
    op.create_index("ix_sweeps_state", "sweeps", ["state"], unique=False)
    op.create_index(
        "uq_sweeps_running",
        "sweeps",
        ["connection_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "sweep_records",
        sa.Column("sweep_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("record_id", sa.String(length=320), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("label", shared.db.models.Words(), nullable=True),
        sa.Column("queued_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("settled_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("cause", shared.db.models.Words(), nullable=True),
        sa.Column("remedy", shared.db.models.Words(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", "kind", "record_id"),
    )
    op.create_index("ix_sweep_records_outcome", "sweep_records", ["sweep_id", "outcome"], unique=False)
    op.create_index("ix_sweep_records_record", "sweep_records", ["connection_id", "kind", "record_id"], unique=False)
    is_not_queued = sa.text("outcome IS NULL AND queued_at IS NULL")
    op.create_index(
        "ix_sweep_records_not_queued",
        "sweep_records",
        ["sweep_id", "kind", sa.text("length(record_id)"), "record_id"],
        unique=False,
        sqlite_where=is_not_queued,
        postgresql_where=is_not_queued,
    )
    is_outstanding = sa.text("outcome IS NULL AND queued_at IS NOT NULL")
    op.create_index(
        "ix_sweep_records_outstanding",
        "sweep_records",
        ["sweep_id", "queued_at"],
        unique=False,
        sqlite_where=is_outstanding,
        postgresql_where=is_outstanding,
    )
    op.add_column("connections", sa.Column("started_at", shared.db.models.Instant(timezone=True), nullable=True))
    op.add_column(
        "connections",
        sa.Column("refresh_token_hard_expires_at", shared.db.models.Instant(timezone=True), nullable=True),
    )
    op.add_column(
        "connections", sa.Column("invoiced_webhook_at", shared.db.models.Instant(timezone=True), nullable=True)
    )
    op.add_column(
        "connections", sa.Column("quickbooks_webhook_at", shared.db.models.Instant(timezone=True), nullable=True)
    )
    op.add_column("connections", sa.Column("last_write_at", shared.db.models.Instant(timezone=True), nullable=True))
    op.add_column("records", sa.Column("source_updated_at", shared.db.models.Instant(timezone=True), nullable=True))
    op.add_column("records", sa.Column("amount", shared.db.models.Amount(length=40), nullable=True))
    op.add_column("records", sa.Column("currency", sa.String(length=3), nullable=True))
    op.add_column("records", sa.Column("customer_id", sa.BigInteger(), nullable=True))
    op.add_column("records", sa.Column("customer_name", shared.db.models.Words(), nullable=True))
    op.add_column("records", sa.Column("dated_on", sa.Date(), nullable=True))
    op.add_column("records", sa.Column("cause_group", sa.String(length=60), nullable=True))
    op.add_column("records", sa.Column("ignored_at", shared.db.models.Instant(timezone=True), nullable=True))
    op.add_column("records", sa.Column("ignored_by", shared.db.models.Words(), nullable=True))
    op.add_column("records", sa.Column("ignored_cause", sa.String(length=60), nullable=True))
    op.add_column("records", sa.Column("choice", sa.String(length=60), nullable=True))
    op.create_index("ix_records_cause_group", "records", ["connection_id", "cause_group", "ignored_at"], unique=False)
    for index, column in (("ix_records_due", "next_look_at"), ("ix_records_in_work", "lease_until")):
        is_set = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            index, "records", ["connection_id", column], unique=False, sqlite_where=is_set, postgresql_where=is_set
        )
    op.create_index("ix_records_kind", "records", ["connection_id", "kind", "outcome"], unique=False)
    op.create_index("ix_records_currency", "records", ["connection_id", "currency"], unique=False)
    op.create_index("ix_records_customer", "records", ["connection_id", "customer_id"], unique=False)
    op.create_index(
        "ix_records_shown",
        "records",
        [
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
        ],
        unique=False,
    )
    op.create_index("ix_records_label", "records", ["connection_id", "label"], unique=False)
    op.create_index("ix_records_outcome_at", "records", ["connection_id", "outcome_at"], unique=False)
    # The last call of each record is the first entry of its history.
    op.execute(
        "INSERT INTO history (connection_id, kind, record_id, at, what, request, reply)"
        " SELECT connection_id, kind, record_id, coalesce(outcome_at, first_seen_at), 'call', last_request, last_reply"
        " FROM records WHERE last_request IS NOT NULL"
    )
    op.drop_column("records", "last_request")
    op.drop_column("records", "last_reply")
    # Connections that exist already have posted from their first moment on.
    op.execute("UPDATE connections SET started_at = created_at")
    # Their first sweep catches up from there: what is older comes only when somebody presses Re-sync all.
    for stream in ("customers", "invoices", "payments", "events"):
        op.execute(
            "INSERT INTO cursors (connection_id, stream, reached_at)"
            f" SELECT id, '{stream}', created_at FROM connections"
        )
    # What had failed is looked at once more, so that it gets a cause to be found by.
    op.execute(
        "UPDATE records SET next_look_at = CURRENT_TIMESTAMP, asked_by_person = true"
        " WHERE outcome IN ('failed', 'mismatch', 'changed in QuickBooks')"
    )


def downgrade() -> None:
    op.add_column("records", sa.Column("last_request", shared.db.models.Document(), nullable=True))
    op.add_column("records", sa.Column("last_reply", shared.db.models.Document(), nullable=True))
    removed = ("shown", "currency", "customer", "kind", "due", "in_work", "outcome_at", "label", "cause_group")
    for index in (f"ix_records_{name}" for name in removed):
        op.drop_index(index, table_name="records")
    op.drop_column("records", "choice")
    op.drop_column("records", "ignored_cause")
    op.drop_column("records", "ignored_by")
    op.drop_column("records", "ignored_at")
    op.drop_column("records", "cause_group")
    op.drop_column("records", "dated_on")
    op.drop_column("records", "customer_name")
    op.drop_column("records", "customer_id")
    op.drop_column("records", "currency")
    op.drop_column("records", "amount")
    op.drop_column("records", "source_updated_at")
    op.drop_column("connections", "last_write_at")
    op.drop_column("connections", "quickbooks_webhook_at")
    op.drop_column("connections", "invoiced_webhook_at")
    op.drop_column("connections", "refresh_token_hard_expires_at")
    op.drop_column("connections", "started_at")
    op.drop_index("ix_sweep_records_record", table_name="sweep_records")
    for index in ("outstanding", "not_queued", "outcome"):
        op.drop_index(f"ix_sweep_records_{index}", table_name="sweep_records")
    op.drop_table("sweep_records")
    op.drop_index("ix_sweeps_state", table_name="sweeps")
    op.drop_index("ix_sweeps_connection", table_name="sweeps")
    op.drop_table("sweeps")
    op.drop_index("ix_history_record", table_name="history")
    op.drop_index("ix_history_at", table_name="history")
    op.drop_table("history")
    op.drop_table("kept_answers")
    op.drop_table("cursors")
    op.drop_table("users")
    op.drop_table("metered_reads")
    op.drop_table("login_tries")
    op.drop_index("ix_audit_connection", table_name="audit")
    op.drop_table("audit")
