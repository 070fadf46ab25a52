# docker build -t cos-gateway .        or ./dev image
# BASE may name any Debian 12 or later, or Ubuntu 24.04 image; both stages use the same one.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
# What the base has already need not be copied into the final stage.
RUN find / -xdev -name '*.so*' | sort > /base-libraries
WORKDIR /source
COPY dev ./
RUN ./dev setup --build \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates
COPY . .
RUN ./dev build release cos-gateway \
 && cmake --install build/release --prefix /image/usr --strip \
 && ldd /image/usr/bin/cos-gateway | awk '$3 ~ /^\// { sub("^/lib", "/usr/lib", $3); print $3 }' | sort > /libraries \
 && comm -23 /libraries /base-libraries | xargs -r cp --parents --dereference -t /image \
 && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt

FROM ${BASE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cos-gateway" \
      org.opencontainers.image.description="Tencent COS object events in, CloudEvents out" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
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
