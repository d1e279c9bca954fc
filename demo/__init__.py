"""The provider at work: a real Airflow, the receiver, and a stand-in for WebWork on this machine."""
