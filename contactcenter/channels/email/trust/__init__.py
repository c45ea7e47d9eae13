"""Who really sent a mail: SPF, DKIM and DMARC computed by ourselves, over a port to the DNS; and signing our own."""
