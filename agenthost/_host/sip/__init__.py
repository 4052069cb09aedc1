"""Who answers a SIP address: what configuration, agents and plugins say, and how it is decided."""
