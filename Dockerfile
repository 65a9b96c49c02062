# The image holds one executable and the few libraries that it loads: no shell, no package manager.
# Build: scripts/image, or docker build -t pg_gateway .
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY scripts/install scripts/install
RUN scripts/install
COPY . .
RUN scripts/build
# What the executable is linked against, at the same paths; ldd prints them after "=>", the loader alone.
RUN set -e; for library in $(ldd dist/pg_gateway | grep -o '/[^ ]*'); do \
      install -D -m 755 "$library" "/image$library"; \
    done; \
    install -m 755 dist/pg_gateway /image/pg_gateway; \
    install -d /image/etc; \
    echo 'gateway:x:65532:65532:pg_gateway:/:/' > /image/etc/passwd; \
    echo 'gateway:x:65532:' > /image/etc/group; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
# Reachable from outside of the container; elsewhere the default is 127.0.0.1.
ENV METRICS_HOST=0.0.0.0
EXPOSE 6432 6433
STOPSIGNAL SIGTERM
ENTRYPOINT ["/pg_gateway"]
