-- no-transaction
-- Until it is told, the planner believes that few rows have no `replaces`, and takes other indexes for lists.
analyze videos (replaces);
