-- The hidden rows of a video, and those at a provider.
create index videos_hidden on videos (replaces, provider) where replaces is not null;
