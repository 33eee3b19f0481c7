COPY FROM DATABASE warehouse TO target
