"""From intent to outcome: jobs are submitted, waited for, and never paid for twice."""
