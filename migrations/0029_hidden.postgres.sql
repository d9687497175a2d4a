-- no-transaction
-- The hidden rows of a video, and those at a provider. Made beside the writers of a big table.
create index concurrently if not exists videos_hidden on videos (replaces, provider) where replaces is not null;
