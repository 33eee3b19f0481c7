USE memory;
DETACH warehouse;
