"""What is remembered: tables, migrations, the unit of work, and one repository per domain module."""
