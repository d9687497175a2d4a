-- The id under which the provider knows a video, where that is not the row's own id any more.

alter table videos add column reference uuid; -- the id that travelled to the provider; null: `id`
