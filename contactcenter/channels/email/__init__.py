"""E-mail: the SMTP door and mailbox polling in, a smart host out, and the reading of what came."""
