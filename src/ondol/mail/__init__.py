"""Mail: sent by SMTP, or kept in a folder."""
