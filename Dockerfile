# python:slim and not distroless: its tag names one Python, the one that the tests run with, and
# stays; those of distroless name a Debian and move. Of pip, which it brings, nothing is left below.
FROM python:3.11.14-slim-trixie AS build
WORKDIR /src

RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev

# Wheels with the hashes of the lock; what follows takes no others.
COPY requirements-compile.lock ./
RUN pip download --only-binary=:all: --require-hashes -r requirements-compile.lock -d /wheels
# All of them, as mypyc compiles by the types of what is imported.
RUN pip install --no-index --find-links /wheels -r requirements-compile.lock

COPY pyproject.toml README.md LICENSE ./
COPY event_tracer event_tracer
RUN HATCH_BUILD_HOOK_ENABLE_MYPYC=1 pip wheel --no-index --no-deps --no-build-isolation -w /wheels .

# mypyc and what else only builds are no dependencies of the wheel.
RUN python -m venv --without-pip /opt/event-tracer
RUN pip --python /opt/event-tracer install --no-index --find-links /wheels event-tracer

FROM python:3.11.14-slim-trixie
LABEL org.opencontainers.image.title="event-tracer" \
      org.opencontainers.image.description="Kubernetes Events as OpenTelemetry traces" \
      org.opencontainers.image.source="https://github.com/event-tracer/event-tracer" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN pip uninstall --yes --root-user-action=ignore setuptools wheel pip \
 && rm -rf /usr/local/lib/python3.11/ensurepip
COPY --from=build /opt/event-tracer /opt/event-tracer
ENV PATH=/opt/event-tracer/bin:$PATH

# A number, as kubelet cannot tell of a name whether it is root's (runAsNonRoot).
USER 65532:65532
ENTRYPOINT ["event-tracer"]
CMD ["run"]
