"""The schedule: the only APScheduler import, the lease that makes a job run once, one function for each job."""
