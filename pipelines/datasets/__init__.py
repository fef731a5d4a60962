"""The authors' data sets in their folder layouts, as items that training and evaluation take."""
