-- Schedules and their slots.
SELECT;
