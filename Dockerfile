# Stage one builds, stage two runs: no compiler, no shell history, no root in what is shipped.
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY src src
COPY config config
COPY migrations migrations
COPY benches benches
RUN cargo build --release --locked --bin yourbit-video

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates ffmpeg \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/target/release/yourbit-video /usr/local/bin/yourbit-video
# Where the built-in provider keeps its files; any uid may use it. Mount a volume here to keep them.
RUN mkdir -p /data && chmod 0777 /data
WORKDIR /data
ENV VIDEO_HTTP__LISTEN=0.0.0.0:8080 \
    VIDEO_DATABASE__REQUIRE_POSTGRES=true \
    VIDEO_LOCAL__DIR=/data/local \
    VIDEO_LOG__FORMAT=json
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
    CMD ["yourbit-video", "healthcheck"]
ENTRYPOINT ["yourbit-video"]
CMD ["serve"]
