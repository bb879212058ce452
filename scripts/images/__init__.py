"""What scripts/board, scripts/defconfig and scripts/check-images share."""
