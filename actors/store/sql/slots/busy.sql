-- Whether an earlier slot of the schedule is still on its way.
SELECT EXISTS (SELECT FROM touchline.slots WHERE schedule = %(schedule)s AND state IN ('claimed', 'published', 'running'))
