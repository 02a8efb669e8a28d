# The study in a container: PyTorch's CPU build, a home that can be written, no GPU needed.
#
#   docker build -t polystilts .
#   docker run --rm -it polystilts make study SCALE=tiny
#   docker run --rm -it -p 8888:8888 polystilts make lab LAB="--ip=0.0.0.0 --no-browser"
#
# The same file serves development containers (.devcontainer/) and Binder, which passes NB_USER and NB_UID.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

ARG NB_USER=reader
ARG NB_UID=1000
RUN useradd --create-home --uid "${NB_UID}" "${NB_USER}"
ENV HOME=/home/${NB_USER}
WORKDIR ${HOME}/polystilts
RUN chown "${NB_UID}" .
USER ${NB_UID}

# The lock first: a change of the study's own code does not install everything anew.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu PIP_NO_CACHE_DIR=1
COPY --chown=${NB_UID} requirements.lock ./
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet -r requirements.lock
COPY --chown=${NB_UID} . .
RUN make env
ENV PATH="${HOME}/polystilts/.venv/bin:${PATH}"

CMD ["make", "help"]
