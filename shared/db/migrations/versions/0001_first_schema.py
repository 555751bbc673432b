"""The first schema."""

import sqlalchemy as sa
from alembic import op

import shared.db.models

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broker_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("queue", sa.String(length=100), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("visible_at_us", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.String(length=40), nullable=True),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("broker_messages", schema=None) as batch_op:
        batch_op.create_index("ix_broker_messages_queue", ["queue", "visible_at_us", "id"], unique=False)

    op.create_table(
        "connections",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("realm_id", sa.String(length=40), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("invoiced_api_key_encrypted", sa.Text(), nullable=False),
        sa.Column("invoiced_webhook_secret_encrypted", sa.Text(), nullable=False),
        sa.Column("refresh_token_encrypted", sa.Text(), nullable=False),
        sa.Column("refresh_token_expires_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("access_token_encrypted", sa.Text(), nullable=True),
        sa.Column("access_token_expires_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("token_lease_owner", sa.String(length=80), nullable=True),
        sa.Column("token_lease_until", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("preferences", shared.db.models.Document(), nullable=False),
        sa.Column("preferences_read_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("settings", shared.db.models.Document(), nullable=False),
        sa.Column("created_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("realm_id"),
    )
    op.create_table(
        "paces",
        sa.Column("realm_id", sa.String(length=40), nullable=False),
        sa.Column("limit_name", sa.String(length=20), nullable=False),
        sa.Column("booked_until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("realm_id", "limit_name"),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("record_id", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("variant", sa.String(length=40), nullable=False),
        sa.Column("qbo_entity", sa.String(length=24), nullable=False),
        sa.Column("qbo_id", sa.String(length=40), nullable=False),
        sa.Column("sync_token", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("body", shared.db.models.Document(), nullable=True),
        sa.Column("standing", shared.db.models.Document(), nullable=False),
        sa.Column("source", shared.db.models.Document(), nullable=True),
        sa.Column("terms", shared.db.models.Document(), nullable=True),
        sa.Column("mismatch", shared.db.models.Words(), nullable=True),
        sa.Column("created_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.Column("updated_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "kind", "record_id", "role", "variant", name="uq_links_record"),
        sa.UniqueConstraint("connection_id", "qbo_entity", "qbo_id", name="uq_links_qbo"),
    )
    op.create_table(
        "pending_writes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("record_id", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("variant", sa.String(length=40), nullable=False),
        sa.Column("write", shared.db.models.Document(), nullable=False),
        sa.Column("request_id", sa.String(length=50), nullable=False),
        sa.Column("batch_item_id", sa.String(length=10), nullable=True),
        sa.Column("sent_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "kind", "record_id", "role", "variant", name="uq_pending_writes_record"),
    )
    op.create_table(
        "records",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("record_id", sa.String(length=320), nullable=False),
        sa.Column("label", shared.db.models.Words(), nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("asked_by_person", sa.Boolean(), nullable=False),
        sa.Column("looked_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("next_look_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("outcome_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("cause", shared.db.models.Words(), nullable=True),
        sa.Column("remedy", shared.db.models.Words(), nullable=True),
        sa.Column("code", shared.db.models.Words(), nullable=True),
        sa.Column("detail", shared.db.models.Words(), nullable=True),
        sa.Column("setting", sa.String(length=40), nullable=True),
        sa.Column("waiting_for", sa.String(length=360), nullable=True),
        sa.Column("versions", shared.db.models.Document(), nullable=True),
        sa.Column("last_event_id", shared.db.models.Words(), nullable=True),
        sa.Column("last_request", shared.db.models.Document(), nullable=True),
        sa.Column("last_reply", shared.db.models.Document(), nullable=True),
        sa.Column("closed_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("asked_at", shared.db.models.Instant(timezone=True), nullable=True),
        sa.Column("first_seen_at", shared.db.models.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "kind", "record_id"),
    )
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.create_index("ix_records_lease_until", ["lease_until"], unique=False)
        batch_op.create_index("ix_records_next_look_at", ["next_look_at"], unique=False)
        batch_op.create_index("ix_records_outcome", ["connection_id", "outcome", "outcome_at"], unique=False)
        batch_op.create_index("ix_records_waiting_for", ["connection_id", "waiting_for"], unique=False)

    op.create_table(
        "applications",
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("invoice_qbo_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("amount", shared.db.models.Amount(length=40), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("link_id", "invoice_qbo_id"),
    )
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.create_index("ix_applications_invoice", ["connection_id", "invoice_qbo_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.drop_index("ix_applications_invoice")

    op.drop_table("applications")
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.drop_index("ix_records_waiting_for")
        batch_op.drop_index("ix_records_outcome")
        batch_op.drop_index("ix_records_next_look_at")
        batch_op.drop_index("ix_records_lease_until")

    op.drop_table("records")
    op.drop_table("pending_writes")
    op.drop_table("links")
    op.drop_table("paces")
    op.drop_table("connections")
    with op.batch_alter_table("broker_messages", schema=None) as batch_op:
        batch_op.drop_index("ix_broker_messages_queue")

    op.drop_table("broker_messages")
