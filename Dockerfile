# gfla as an image: "Docker" in README.md has the commands that build and run it.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
# The build of PyTorch: cpu, or of a version of CUDA such as cu130; `uv pip install --help` lists all.
ARG TORCH_BACKEND=cpu
RUN pip install --no-cache-dir uv==0.13.9 && uv venv /opt/gfla
WORKDIR /source
# Dependencies before the code, so that a change of the code leaves their layer, which is the large one, as it is.
COPY pyproject.toml constraints.txt ./
RUN uv pip install --no-cache --python /opt/gfla --torch-backend "${TORCH_BACKEND}" --constraints constraints.txt \
    --requirements pyproject.toml
COPY . .
RUN uv build --no-cache --wheel --out-dir /wheels

FROM python:${PYTHON}
# The libraries that OpenCV needs and a slim Debian lacks. Weights, settings and compiled functions go below HOME.
# Everyone can write to the two folders, since `docker run --user` takes any number.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 libxcb1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --home-dir /cache --no-create-home gfla \
    && mkdir --mode 1777 /cache /work
COPY --from=build /opt/gfla /opt/gfla
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip --python /opt/gfla install --no-cache-dir --no-deps /wheels/*.whl
# USER for numbers without a name in /etc/passwd; `docker run --gpus all` brings the GPU's encoder only if asked for video.
ENV PATH=/opt/gfla/bin:${PATH} HOME=/cache USER=gfla NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
USER 1000
VOLUME ["/cache", "/work"]
WORKDIR /work
ENTRYPOINT ["gfla"]
CMD ["--help"]
