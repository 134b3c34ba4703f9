"""The Digital Credentials Query Language of OpenID for Verifiable Presentations 1.0."""
