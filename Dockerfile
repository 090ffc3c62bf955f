# Built in one stage, run in another: the image has Node, the built program and its native dependencies, no more.
# test/integration/image/dockerfile.test.ts runs these very steps.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Nothing that is needed here installs by script, so no package's script runs.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY scripts ./scripts
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:${NODE_VERSION}-slim
ENV NODE_ENV=production
# Columns come and go by the hundred megabytes. Left to itself, glibc soon takes them from heaps that it cannot give back
# (its threshold follows what was freed), one for each thread; above a fixed one they are mapped and unmapped. What every few
# hundred records need, as inflated batches, lies below it and is kept: a page that the system maps anew costs more than what
# is done with it (ADR 11).
ENV MALLOC_MMAP_THRESHOLD_=2097152
ENV MALLOC_TRIM_THRESHOLD_=16777216
ENV MALLOC_ARENA_MAX=2
# Short-lived objects are few; the room for them, three times 16 MB for the main thread, would stay committed from the start on.
ENV NODE_OPTIONS=--max-semi-space-size=2
WORKDIR /app
COPY LICENSE package.json ./
COPY config ./config
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
RUN chmod +x /app/dist/main.js && ln -s /app/dist/main.js /usr/local/bin/firn
USER node
EXPOSE 8080
# Another port than 8080 needs FIRN_HTTP_PORT beside `http.port`.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FIRN_HTTP_PORT ?? 8080}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["firn"]
CMD ["run", "--config", "/etc/firn/firn.yaml"]
