"""The server: SMTP and LMTP."""
