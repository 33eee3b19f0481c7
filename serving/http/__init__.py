"""The query path over HTTP: photos in, products out, from one process that holds a release and a crew of encoders."""
