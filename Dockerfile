# The image holds one executable and the few libraries that it loads: no shell, no package manager.
# Build: scripts/image, or docker build -t pg_gateway . ; README.md tells more, behind a firewall too.

# Whatever has Node 18 or newer with its npm, and glibc. A tag and no digest: all that comes from it into the image is
# glibc, with the security fixes of today. Whoever wants the same bytes each time gives BASE=name@sha256:...
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM ${BASE} AS build
# Where npm's packages come from, and the certificate (PEM) of a private authority that vouches for that place.
# HTTP_PROXY, HTTPS_PROXY and NO_PROXY are arguments of every Dockerfile, and stand nowhere in it.
ARG NPM_CONFIG_REGISTRY
ARG CA_CERT
WORKDIR /build
COPY package.json package-lock.json ./
COPY scripts/install scripts/install
RUN if [ -n "${CA_CERT:-}" ]; then \
      printf '%s\n' "$CA_CERT" > /tmp/ca.pem; \
      export NODE_EXTRA_CA_CERTS=/tmp/ca.pem; \
    fi; \
    scripts/install program
COPY . .
RUN scripts/build
# What the executable is linked against, at the same paths; ldd prints them after "=>", the loader alone.
RUN set -e; for library in $(ldd dist/pg_gateway | grep -o '/[^ ]*'); do \
      install -D -m 755 "$library" "/image$library"; \
    done; \
    install -m 755 dist/pg_gateway /image/pg_gateway; \
    install -m 644 LICENSE /image/LICENSE; \
    install -d /image/etc; \
    echo 'gateway:x:65532:65532:pg_gateway:/:/' > /image/etc/passwd; \
    echo 'gateway:x:65532:' > /image/etc/group; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf

FROM scratch
LABEL org.opencontainers.image.title="pg_gateway" \
      org.opencontainers.image.description="One address in front of a replicated PostgreSQL: probes every server, knows the primary, pumps bytes to it." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /image/ /
USER 65532:65532
# Reachable from outside of the container; elsewhere the default is 127.0.0.1.
ENV METRICS_HOST=0.0.0.0
# Clients are sent here until Kubernetes or a load balancer has seen that /ready says 503.
ENV DRAIN_ACCEPT_MS=5000
EXPOSE 6432 6433
STOPSIGNAL SIGTERM
# There is no curl and no shell in it: the program asks itself, where METRICS_PORT or CONTROL_SOCKET says.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/pg_gateway", "health"]
ENTRYPOINT ["/pg_gateway"]
