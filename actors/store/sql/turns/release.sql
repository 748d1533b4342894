-- The run has ended, and its place is free. Nothing where it is another's by now.
DELETE FROM touchline.turns WHERE source = %(source)s AND place = %(place)s AND holder = %(holder)s
