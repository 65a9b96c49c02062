# The image holds one executable and the few libraries that it loads: no shell, no package manager. For amd64 and arm64.
# Build: scripts/image, or docker build -t pg_gateway . (BuildKit); docs/container.md tells more, behind a firewall too.

# Whatever has Node 18 or newer with its npm, and glibc 2.34 or newer, for the machine that builds and the one that is built
# for. A tag and no digest: of what it has, glibc and the list of authorities come into the image, with the security fixes of
# today. Whoever wants the same bytes each time gives BASE=name@sha256:...
ARG BASE=docker.io/library/node:24-bookworm-slim

# For the platform of the image. Nothing runs in it: the build reads its libraries, so that an image for arm64 is built on
# amd64 without emulation, and the other way round.
FROM ${BASE} AS target

FROM --platform=$BUILDPLATFORM ${BASE} AS build
# Where npm's packages come from, and the certificate (PEM) of a private authority that vouches for that place.
# HTTP_PROXY, HTTPS_PROXY and NO_PROXY are arguments of every Dockerfile, and stand nowhere in it.
ARG NPM_CONFIG_REGISTRY
ARG CA_CERT
# Without one it is an empty file, which adds nothing.
ENV NODE_EXTRA_CA_CERTS=/tmp/authority.pem
WORKDIR /build
COPY package.json package-lock.json ./
COPY scripts/install scripts/install
RUN printf '%s\n' "${CA_CERT:-}" > /tmp/authority.pem; scripts/install program
COPY . .
ARG TARGETARCH
RUN --mount=type=bind,from=target,target=/target scripts/lib/image/root "$TARGETARCH" /target /image

FROM scratch
LABEL org.opencontainers.image.title="pg_gateway" \
      org.opencontainers.image.description="One address in front of a replicated PostgreSQL: probes every server, knows the primary, pumps bytes to it." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/pg-gateway/pg_gateway" \
      org.opencontainers.image.url="https://github.com/pg-gateway/pg_gateway" \
      org.opencontainers.image.documentation="https://github.com/pg-gateway/pg_gateway/blob/main/docs/container.md"
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
