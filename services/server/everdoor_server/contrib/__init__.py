"""Parts that a world may choose by its settings; each module says how."""
