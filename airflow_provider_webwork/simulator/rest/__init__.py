"""The operations of both versions of the API: what they ask of a call, do to a workspace, and answer."""
