# Errand itself, for machines that run it from a container: a bot, or a worker with a Docker engine of its own. The sandboxes'
# image is another one, which a worker builds when it first starts.
ARG BASE=node:24-bookworm-slim
FROM ${BASE}
USER root
RUN set -eu; \
    export DEBIAN_FRONTEND=noninteractive; \
    apt-get update; \
    apt-get install -y --no-install-recommends \
      ca-certificates curl debootstrap debian-archive-keyring docker.io e2fsprogs git iproute2 iptables mount procps util-linux; \
    rm -rf /var/lib/apt/lists/*
WORKDIR /srv/errand
COPY package.json package-lock.json ./
COPY src/setup/prepare.sh src/setup/
RUN ERRAND_DATA_DIR=/tmp/build sh src/setup/prepare.sh packages && rm -rf /tmp/build /root/.npm
COPY . .
ENV ERRAND_DATA_DIR=/var/lib/errand
# Of a worker: its engine's images and containers, mirrors and workspaces. They outlive the container, as a disk outlives a reboot.
VOLUME /var/lib/errand
ENTRYPOINT ["sh", "src/setup/container.sh"]
