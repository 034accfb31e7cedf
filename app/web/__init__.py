"""Pages for people: set-up, sign-in, the page of now, uploaders, sharing, account. Server-rendered first."""
