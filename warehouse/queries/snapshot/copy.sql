COPY FROM DATABASE source TO target
