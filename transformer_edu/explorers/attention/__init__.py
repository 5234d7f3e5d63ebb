"""Who looks at whom: one query among keys, masks, three uses, one head or many, a convolution, and real heads."""
