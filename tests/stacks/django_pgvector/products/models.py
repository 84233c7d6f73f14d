from django.db import models
from pgvector.django import VectorField


class Product(models.Model):
    name = models.CharField(max_length=100)
    embedding = VectorField(dimensions=3)
