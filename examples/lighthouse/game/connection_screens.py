"""What is seen by those who have just connected."""

CONNECTION_SCREEN = """
|cLighthouse|n

  You have been here before:     |wconnect <name> <password>|n
  You are new:                   |wcreate <name> <password>|n
"""
