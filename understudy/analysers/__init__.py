"""Back ends that look at faces, one file each: where they are, their landmarks, whom they look like."""
