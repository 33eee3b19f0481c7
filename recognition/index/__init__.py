"""The index: which classes are near a photo, among a handful or a million and a half."""
