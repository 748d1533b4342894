"""What crosses the queue, and where the two sides meet.

The JSON Schemas beside this file are the single source of truth for messages; `names` says which actor listens on
which queue; `broker` reaches the queue; `settings` says where everything is. Producer (`ingest`) and consumer
(`actors`) are deployed apart and share this package alone. It imports nothing of theirs.
"""

#: The version of the contract that this code speaks. A consumer accepts this version and the one before it.
CONTRACT_VERSION = 1
