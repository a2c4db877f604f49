"""Mail: sent by SMTP, or stored in a folder."""
