"""An index on the queue's own table: without it each look for work reads every waiting row."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial"), ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX IF NOT EXISTS lotbridge_ormq_key_lock ON django_q_ormq (key, lock)",
            "DROP INDEX IF EXISTS lotbridge_ormq_key_lock",
        )
    ]
