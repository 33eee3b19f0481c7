ATTACH $path AS warehouse
