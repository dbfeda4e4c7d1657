# Everything in the sandbox image but the runner: what agents work with, Node, and the agents themselves.
ARG BASE
FROM ${BASE}

COPY ca.crt /usr/local/share/errand/ca.crt

# A setuid bit buys nothing in a container that may gain no privilege, so none is left.
RUN set -eu; \
    export DEBIAN_FRONTEND=noninteractive; \
    apt() { apt-get -o Acquire::Retries=3 $([ -s /usr/local/share/errand/ca.crt ] && echo "-o Acquire::https::CAInfo=/usr/local/share/errand/ca.crt") "$@"; }; \
    printf 'path-exclude=/usr/share/%s/*\n' doc man locale info > /etc/dpkg/dpkg.cfg.d/errand; \
    apt update; \
    apt install -y --no-install-recommends \
      ca-certificates curl file g++ git jq less make openssh-client patch procps python3 python3-venv ripgrep \
      unzip xz-utils; \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb; \
    cat /usr/local/share/errand/ca.crt >> /etc/ssl/certs/ca-certificates.crt; \
    find / -xdev -type f -perm /6000 -exec chmod ug-s {} +

COPY agents/ /opt/errand/
COPY gitconfig /etc/gitconfig
COPY qwen-settings.json /etc/qwen-code/settings.json

# Programs ask who they are; every uid that a task may run as has a name.
RUN set -eu; \
    cd /opt/errand/node_modules; \
    ln -s /opt/errand/node_modules/node-linux-*/bin/node /usr/local/bin/node; \
    for opencode in /opt/errand/node_modules/opencode-linux-*/bin/opencode; do \
      if [ -e "$opencode" ]; then ln -s "$opencode" /usr/local/bin/opencode; fi; \
    done; \
    for name in claude-agent-acp codex-acp npm npx qwen; do ln -s /opt/errand/node_modules/.bin/$name /usr/local/bin/$name; done; \
    for uid in $(seq 20000 20255); do \
      echo "agent-$uid:x:$uid:$uid:Errand agent:/workspace/home:/bin/bash" >> /etc/passwd; \
      echo "agent-$uid:x:$uid:" >> /etc/group; \
    done; \
    mkdir -p /workspace /run/errand

# What an agent installs for itself comes last in PATH, so that it never stands in for what the image brings.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/workspace/home/.local/bin \
    NPM_CONFIG_PREFIX=/workspace/home/.local \
    NPM_CONFIG_UPDATE_NOTIFIER=false \
    PAGER=cat \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    LANG=C.UTF-8
WORKDIR /workspace
