"""The demo league: fictional clubs, a seeded season, and a small site that publishes it as the real one does.

`league.League` makes a season and says what would be published at any moment; `feeds` writes that in the real
documents' formats (SOURCES.md, section 1); `site.DemoSite` serves them on loopback with the real pages' habits.
Everything follows from seed, season and scale: the clock and the wall are never asked.
"""
