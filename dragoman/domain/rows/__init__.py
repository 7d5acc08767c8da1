"""The rows of the ledgers as frozen values, which `dragoman.db` builds."""
