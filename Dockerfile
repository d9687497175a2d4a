# Two images of one service:
#   docker build --target slim .   for those who use a provider: no ffmpeg
#   docker build .                 the whole (the last target, `full`): with the ffmpeg that the provider `local` runs
# What is shipped has no compiler, no package lists and no user of its own; it runs as any uid, on a read-only root.

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --features jemalloc --bin yourbit-video

# ffmpeg and ffprobe from Debian's source, with its security updates, and of it what `local` uses: the containers of
# src/local/media/input.rs, the codecs of src/local/media/decoders.rs, the encoders and filters of its command lines.
# (The second list of demuxers is no container: by them the streams of an MPEG program stream are told apart.)
# Debian's own package brings drivers of graphics cards and a compiler, 290 packages. These two programs are under the
# GPL, version 2 or later, since libx264 is; the service starts them as programs and is not linked with them.
FROM debian:bookworm-slim AS ffmpeg
RUN for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.sources; do \
        [ ! -f "$list" ] || sed -i -E 's/^Types: deb$/Types: deb deb-src/; s/^deb (.*)/&\ndeb-src \1/' "$list"; \
    done \
    && apt-get update \
    && apt-get install -y --no-install-recommends \
        dpkg-dev gcc libc6-dev libdav1d-dev libwebp-dev libx264-dev libzimg-dev make nasm pkg-config \
        zlib1g-dev
WORKDIR /build
RUN apt-get source --quiet --quiet ffmpeg && mv ffmpeg-*/ ffmpeg
WORKDIR /build/ffmpeg
RUN ./configure --prefix=/opt/ffmpeg \
        --disable-everything --disable-autodetect --disable-network --disable-doc --disable-debug \
        --disable-avdevice --disable-ffplay \
        --enable-gpl --enable-libx264 --enable-libdav1d --enable-libwebp --enable-libzimg --enable-zlib \
        --enable-protocol=file,pipe \
        --enable-demuxer=mov,matroska,mpegts,mpegps,avi,flv,ogg,asf,mp3,wav,flac,aac \
        --enable-demuxer=h264,hevc,loas,m4v,mpegvideo,ac3,eac3,dts,truehd \
        --enable-decoder=h264,hevc,vp8,vp9,libdav1d,theora,aac,aac_latm,mp3,mp3float,opus,vorbis,flac,alac \
        --enable-decoder=mpeg4,mpeg1video,mpeg2video,mjpeg,dvvideo,h263,mp1,mp1float,mp2,mp2float \
        --enable-decoder=ac3,eac3,dca,truehd,mlp,amrnb,amrwb,adpcm_ima_wav,adpcm_ima_qt,adpcm_ms \
        --enable-decoder=flv,vp6,vp6a,vp6f,adpcm_swf,nellymoser,speex \
        --enable-decoder=msmpeg4v1,msmpeg4v2,msmpeg4v3,wmv1,wmv2,wmv3,vc1,wmav1,wmav2,wmapro,wmalossless \
        --enable-decoder=prores,dnxhd,cfhd,ffv1,huffyuv,ffvhuff,utvideo,qtrle,png,rawvideo,v210,bmp,gif,webp \
        --enable-decoder='pcm_*' \
        --enable-decoder=movtext,subrip,srt,ass,ssa,webvtt,text,dvdsub,dvbsub,pgssub,xsub \
        --enable-parsers --enable-bsfs \
        --enable-encoder=libx264,aac,mjpeg,png,gif,libwebp,libwebp_anim,rawvideo,pcm_s16le \
        --enable-muxer=hls,mpegts,mp4,image2,gif,webp,framecrc \
        --enable-filter=scale,setsar,format,aformat,split,null,anull,aresample,setpts,trim,fps,tile,crop,pad \
        --enable-filter=transpose,hflip,vflip,rotate,palettegen,paletteuse \
        --enable-filter=bwdif,setparams,zscale,tonemap,select,tpad,settb,interleave \
        --enable-filter=asplit,atrim,asetpts,apad,concat,anullsrc,abuffer,abuffersink \
    && make -j"$(nproc)" ffmpeg ffprobe \
    && strip ffmpeg ffprobe

FROM debian:bookworm-slim AS slim
# The roots of TLS alone: their package brings OpenSSL, a third of this image.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
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

FROM slim AS full
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends libdav1d6 libwebp7 libwebpmux3 libx264-164 libzimg2 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=ffmpeg /build/ffmpeg/ffmpeg /build/ffmpeg/ffprobe /usr/local/bin/
USER 10001:10001
