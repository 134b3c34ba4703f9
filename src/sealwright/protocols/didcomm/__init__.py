"""DIDComm v2: envelopes over joserfc, and the messages that this office speaks. No I/O, no storage, no clock."""
