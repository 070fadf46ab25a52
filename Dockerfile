# ./dev image        or docker build -t cos-gateway .
# BASE may name any Debian 12 or later, or Ubuntu 24.04 image. Nothing here needs BuildKit.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /source
COPY dev ./
RUN ./dev setup --build \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates tzdata
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY bench bench
COPY testkit testkit
COPY src src
RUN ./dev build release cos-gateway
COPY LICENSE ./
COPY tools/image-root.sh tools/
RUN tools/image-root.sh build/release /image

FROM scratch
COPY --from=build /image/ /
# Where OpenSSL looks for authorities; the directory it was built with belongs to a package that is
# not here.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
# 8080: posts of COS events. 9464: status page, health, metrics.
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
# Of the gateway; `docker run ... demo` has nothing to ask: turn it off with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 \
  CMD ["/usr/bin/cos-gateway", "health"]
ENTRYPOINT ["/usr/bin/cos-gateway"]
CMD ["run"]
# Last, as they differ from commit to commit.
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=
ARG CREATED=1970-01-01T00:00:00Z
# For BuildKit: when this image says it was made.
ARG SOURCE_DATE_EPOCH
LABEL org.opencontainers.image.title="cos-gateway" \
      org.opencontainers.image.description="Tencent COS object events in, CloudEvents out" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
